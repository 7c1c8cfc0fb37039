-- Two roles: balcao_owner owns the tables (`balcao migrate`), balcao reads and writes rows (web, worker). Neither is a
-- superuser, for whom row security would not hold. Run by a superuser in the database that Balcão is to have:
--   psql --set=owner_password=… --set=app_password=… --dbname=balcao --file=docker/roles.sql
CREATE ROLE balcao_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE balcao LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
ALTER DATABASE :"DBNAME" OWNER TO balcao_owner;
ALTER SCHEMA public OWNER TO balcao_owner;
GRANT USAGE ON SCHEMA public TO balcao;
ALTER DEFAULT PRIVILEGES FOR ROLE balcao_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO balcao;
ALTER DEFAULT PRIVILEGES FOR ROLE balcao_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO balcao;
