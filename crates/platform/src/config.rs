//! Configuration: loading, merging, checking and printing of `app-config.yaml`.
