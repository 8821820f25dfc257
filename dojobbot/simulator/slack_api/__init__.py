"""The parts of the simulated Slack workspace; `dojobbot.simulator.workspace` puts them together."""
