"""Tests: they mirror the packages, and run on real files, a real PostgreSQL and a real Chromium."""
