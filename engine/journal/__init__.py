"""What happened in a run, in order, durable: one folder a run, `journal.sqlite` beside `manifest.json`."""
