"""Files and figures of jobs, made in a process of their own: `process` starts it, `worker` runs in it."""
