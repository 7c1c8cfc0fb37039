#!/bin/sh
# Run once by the image of PostgreSQL, when its volume is still empty.
set -eu
psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$POSTGRES_DB" \
    --set=owner_password="$POSTGRES_PASSWORD" --set=app_password="$POSTGRES_APP_PASSWORD" \
    --file=/etc/balcao/roles.sql
