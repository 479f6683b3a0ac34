/// The memory engine. `MemoryEngine` is the way in; it is the fastest engine and the reference that
/// the others are compared with.
package dev.sluice.memory;
