/// Sluice: fire-and-forget background work, under control. [Sluice] is the way in.
///
/// The flow, one way: `Sluice.enqueue` asks for admission ([GroupCommitter]), the queue holds the
/// job (the engine), [Dispatcher] claims it, [Run] calls the handler, [Decision] turns the
/// handler's outcome into a settlement, [Settler] has it recorded and tells the listeners. Beside
/// the flow, [Keeper] keeps leases, takes back what crashed, prunes and fires schedules, and
/// [Watchdog] ends what runs too long.
package dev.sluice;
