"""One suite per protocol: what every layer, loss, rule, engine and policy promises."""
