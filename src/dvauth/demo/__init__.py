"""The demo portal: a province's news site that relies on dvauth. Its province, people and news are invented."""
