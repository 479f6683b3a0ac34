package dev.sluice.simulation;

import java.util.logging.LogManager;
import java.util.stream.LongStream;

/// Runs many seeds and tells how many held: `SimulationMain FIRST COUNT`.
public final class SimulationMain {
  private SimulationMain() {}

  /// Exits with 1 when a seed failed, and prints it; it fails again when run alone.
  public static void main(String[] args) {
    // Thousands of failing engines log thousands of warnings; what failed is printed here.
    LogManager.getLogManager().reset();
    long first = args.length > 0 ? Long.parseLong(args[0]) : 0;
    long count = args.length > 1 ? Long.parseLong(args[1]) : 10_000;
    long failed =
        LongStream.range(first, first + count).parallel().filter(SimulationMain::fails).count();
    System.out.println(count + " seeds from " + first + ": " + failed + " failed");
    if (failed > 0) {
      System.exit(1);
    }
  }

  private static boolean fails(long seed) {
    try {
      Simulation.run(seed, Bug.NONE);
      return false;
    } catch (AssertionError violated) {
      System.out.println(violated.getMessage());
      return true;
    }
  }
}
