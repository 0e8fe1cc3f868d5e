"""Demand forecasts beside the specialists, on real series: `python -m benchmarks.forecast`."""
