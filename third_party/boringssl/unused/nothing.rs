// Nothing: these crates stand in for what only Rust's own build of boring-sys needs.
