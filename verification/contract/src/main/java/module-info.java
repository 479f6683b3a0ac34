/// The conformance suite: what every engine of Sluice must do, as JUnit tests.
@org.jspecify.annotations.NullMarked
module dev.sluice.contract {
  requires transitive dev.sluice;
  requires transitive org.junit.jupiter.api;
  requires org.assertj.core;
  requires static org.jspecify;

  exports dev.sluice.contract;
}
