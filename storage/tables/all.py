"""Importing this module fills the metadata with every table."""

from __future__ import annotations

from storage.base import metadata
from storage.tables import catalogue, contacts, members, organizations, queues, schema

__all__ = ["catalogue", "contacts", "members", "metadata", "organizations", "queues", "schema"]
