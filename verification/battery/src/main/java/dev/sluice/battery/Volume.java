package dev.sluice.battery;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;

/// An ext4 file system in a file, whose power can be cut: `EXT4_IOC_SHUTDOWN` without flushing the
/// log, after which nothing reaches the disk any more and all that was not synced is gone.
///
/// Threading: confined to the driver's thread.
///
/// @param image the file that holds the file system
/// @param mount where it is mounted
record Volume(Path image, Path mount) {
  private static final long SHUTDOWN = 0x8004587dL;
  private static final int WITHOUT_LOG_FLUSH = 2;
  private static final int TRIES = 50;

  void cutPower() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(mount.toString());
      MemorySegment flag = arena.allocate(ValueLayout.JAVA_INT);
      flag.set(ValueLayout.JAVA_INT, 0, WITHOUT_LOG_FLUSH);
      int directory = open(path);
      if (directory < 0) {
        throw new IOException(mount + " cannot be opened");
      }
      int answer = ioctl(directory, flag);
      close(directory);
      if (answer != 0) {
        throw new IOException(mount + " cannot be shut down: is it ext4, and are you root?");
      }
    }
  }

  /// Power is back: what the disk holds is mounted again, its journal replayed.
  void remount() throws IOException, InterruptedException {
    boolean busy = true;
    for (int i = 0; i < TRIES && busy; i++) {
      busy = call(List.of("umount", mount.toString())) != 0;
    }
    if (busy || call(List.of("mount", "-o", "loop", image.toString(), mount.toString())) != 0) {
      throw new IOException(mount + " cannot be mounted again");
    }
  }

  private static int call(List<String> command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  private static int open(MemorySegment path) {
    FunctionDescriptor shape =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    return call("open", shape, Linker.Option.firstVariadicArg(2), path, 0);
  }

  private static int ioctl(int descriptor, MemorySegment flag) {
    FunctionDescriptor shape =
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
    return call("ioctl", shape, Linker.Option.firstVariadicArg(2), descriptor, SHUTDOWN, flag);
  }

  private static void close(int descriptor) {
    FunctionDescriptor shape = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    call("close", shape, Linker.Option.critical(false), descriptor);
  }

  // "restricted": a wrong signature could crash the process; it is the driver's own.
  @SuppressWarnings("restricted")
  private static int call(
      String name, FunctionDescriptor shape, Linker.Option option, Object... arguments) {
    Linker linker = Linker.nativeLinker();
    MethodHandle function =
        linker.downcallHandle(linker.defaultLookup().findOrThrow(name), shape, option);
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (Throwable failure) {
      throw new IllegalStateException(name + " cannot be called", failure);
    }
  }
}
