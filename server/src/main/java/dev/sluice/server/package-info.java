/// The server: one process that any language can use over HTTP.
///
/// A request goes one way: [SluiceServer] listens, `Api` finds its `Route`, who calls and whether
/// that is allowed, an endpoint asks the [dev.sluice.Sluice], and what goes wrong becomes a
/// `Problem`.
package dev.sluice.server;
