"""View models: what a page shows, as frozen values, built and tested without Streamlit."""

from __future__ import annotations
