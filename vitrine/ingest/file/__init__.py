"""A recorded stream played in, at its own pace or as fast as it goes."""
