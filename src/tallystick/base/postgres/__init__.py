"""Django's PostgreSQL backend, with a longer memory for prepared statements."""
