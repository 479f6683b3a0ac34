/// Seeded, single-threaded runs of the whole product with everything going wrong at once.
///
/// [Simulation] is the way in. A [World] brings clock, randomness and threads; [FaultyEngine] fails
/// and crashes; [Ledger] watches every call between core and engine and holds the invariants;
/// [Bug]s can be planted to see that they are found. The same seed replays the same run.
@org.jspecify.annotations.NullMarked
package dev.sluice.simulation;
