/// Brokers for tests, each a process of its own with its data in one folder.
@org.jspecify.annotations.NullMarked
package dev.sluice.nodes;
