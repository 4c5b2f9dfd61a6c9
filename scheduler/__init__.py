"""When things run: plan (pure), run (APScheduler)."""
