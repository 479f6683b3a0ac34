/// Examples, one idea each; the documentation quotes them.
@org.jspecify.annotations.NullMarked
module dev.sluice.examples {
  requires dev.sluice;
  requires dev.sluice.memory;
  requires dev.sluice.sqlite;
  requires static org.jspecify;
}
