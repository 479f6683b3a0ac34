package dev.sluice.app.config;

/// A configuration that breaks a rule, as one sentence: where it stands, the key, the value, the
/// rule.
///
/// Threading: immutable.
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ConfigException(String sentence) {
    super(sentence);
  }
}
