"""The Deep Origin platform: pure modules that speak its language, and `client`, which does the talking."""
