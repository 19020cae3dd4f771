"""The worker process: decodes, lays on the grid, scales, encodes. Plain blocking code; the only home of PyAV."""
