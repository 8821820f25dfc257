"""The durable state behind `ports.Store`, on SQLAlchemy Core. The only package that knows SQL."""
