/// Jobs in one SQLite file. `SqliteEngine` is the way in.
///
/// Callers hand a `Command` to the `Writer`, whose thread alone touches JDBC: it runs all commands
/// that wait in one transaction, so that they share one fsync, and answers after the commit. A
/// `Session` is all that belongs to one connection: the tables (`Jobs`, `Queues`, `Types`,
/// `Attempts`) and the verbs on them (`Offers`, `Claims`, `Settles`, `Controls`, `Pruning`,
/// `Views`). What outlives a connection are the `Leases`, which are kept in memory only.
package dev.sluice.sqlite;
