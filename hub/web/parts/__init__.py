"""What several routes of a screen show: views turned into what a template needs, pure."""
