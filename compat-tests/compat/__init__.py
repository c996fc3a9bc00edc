"""The driver's own parts: components, child processes, servers, results. No suite and no check lives here."""
