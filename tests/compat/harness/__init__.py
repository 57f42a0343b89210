"""Runs one job tree under upstream's program and under ours and compares what came of it."""
