"""Servers that stand in for Deep Origin and Slack in the demo and in tests; nothing here knows the bot."""
