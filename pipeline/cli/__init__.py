"""The verbs of the command line: parse, run the same jobs as the window, report. No torch is imported here."""
