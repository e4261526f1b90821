"""Redis: queue, locks and cache. Throw-away by design: losing all of it loses time, never truth."""
