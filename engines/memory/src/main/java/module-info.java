/// The memory engine: jobs live in this process and end with it.
@org.jspecify.annotations.NullMarked
module dev.sluice.memory {
  requires transitive dev.sluice;
  requires static org.jspecify;

  exports dev.sluice.memory;
}
