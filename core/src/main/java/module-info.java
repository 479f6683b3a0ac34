/// Sluice: fire-and-forget background work, under control.
///
/// `dev.sluice` is the way in. `dev.sluice.job` holds the words that everybody shares,
/// `dev.sluice.engine` what an engine must do.
@org.jspecify.annotations.NullMarked
module dev.sluice {
  requires static org.jspecify;

  exports dev.sluice;
  exports dev.sluice.engine;
  exports dev.sluice.job;
}
