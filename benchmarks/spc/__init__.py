"""Control charts: how long many series take through limits, rules and icons on one core, beside a loop and a peer."""
