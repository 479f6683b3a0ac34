package dev.sluice.battery;

/// Who hears what victims say.
///
/// Threading: thread-safe.
interface Ear {
  /// A new process begins; what ran in the one before runs no more.
  void begin();

  /// Takes one fact.
  void take(String line);

  /// The process is gone, and all it said was heard.
  void over();

  /// Something that must not be.
  void violation(String what);
}
