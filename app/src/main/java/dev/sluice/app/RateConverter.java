package dev.sluice.app;

import dev.sluice.Rate;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads `10/s`, `100/m`.
///
/// Threading: stateless.
final class RateConverter implements ITypeConverter<Rate> {
  @Override
  public Rate convert(String text) {
    try {
      return Rate.parse(text);
    } catch (IllegalArgumentException _) {
      throw new TypeConversionException(
          "'" + text + "' must be like 10/s, 100/m or 5/h, at least 1");
    }
  }
}
