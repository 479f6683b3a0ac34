/// The program `sluice`: picks the engine, runs the demo and the benchmark.
package dev.sluice.app;
