"""Three metrics over ten million appointments: ours, hand-written SQL and two other semantic layers."""
