/// Brokers for tests: private nodes that are started, killed, frozen and cleaned up.
@org.jspecify.annotations.NullMarked
module dev.sluice.nodes {
  requires static org.jspecify;

  exports dev.sluice.nodes;
}
