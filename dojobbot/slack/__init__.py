"""The Slack side: pure views and text, the Web API behind a port, the handlers of commands and presses."""
