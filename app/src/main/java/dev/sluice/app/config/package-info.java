/// The configuration of the server: a YAML file, variables of the environment and flags, each of
/// which wins over the one before, and for every value where it came from.
package dev.sluice.app.config;
