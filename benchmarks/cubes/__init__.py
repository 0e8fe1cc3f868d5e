"""How long cubes take to build, to answer and to refresh, from a million appointments to a hundred million."""
