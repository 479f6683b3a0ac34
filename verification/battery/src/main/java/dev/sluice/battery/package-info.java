/// Real processes on a real file, and everything that a machine does to them: killed at any moment,
/// a disk that fails, fills up, or loses its power.
///
/// A [Victim] works in a process of its own and tells every fact to the driver, which keeps an
/// [Oracle] outside of it. [Battery] is the driver's way in; [Audit] compares file and oracle. On a
/// broker it is a [BrokerVictim], a [BrokerOracle] and [Brokers].
@org.jspecify.annotations.NullMarked
package dev.sluice.battery;
