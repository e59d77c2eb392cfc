/** Mean, standard deviation and confidence of repeats. */

export interface Summary {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation of the sample (n − 1); NaN of one value. */
  readonly deviation: number;
  /** Half the width of the 95 % confidence interval of the mean, by Student's t; NaN of one value. */
  readonly confidence: number;
  readonly least: number;
  readonly most: number;
  readonly total: number;
}

/** Of any number of values; of none all are NaN. */
export function summarize(values: readonly number[]): Summary {
  const count = values.length;
  const total = values.reduce((sum, value) => sum + value, 0);
  const mean = total / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = count < 2 ? Number.NaN : Math.sqrt(squares / (count - 1));
  return {
    count,
    mean,
    deviation,
    confidence: (studentT(count - 1) * deviation) / Math.sqrt(count),
    least: values.reduce((least, value) => Math.min(least, value), count === 0 ? Number.NaN : values[0]),
    most: values.reduce((most, value) => Math.max(most, value), count === 0 ? Number.NaN : values[0]),
    total,
  };
}

/** The 0.975 quantile of Student's t for 1 to 10 degrees of freedom (Abramowitz and Stegun, table 26.10). */
const FEW = [12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814];
/** Of the normal distribution. */
const NORMAL = 1.959964;

/** The 0.975 quantile of Student's t; from 11 degrees on by Abramowitz and Stegun 26.7.5. NaN below one. */
export function studentT(degrees: number): number {
  if (degrees < 1) return Number.NaN;
  if (degrees <= FEW.length) return FEW[degrees - 1];
  const x = NORMAL;
  const terms = [
    (x ** 3 + x) / 4,
    (5 * x ** 5 + 16 * x ** 3 + 3 * x) / 96,
    (3 * x ** 7 + 19 * x ** 5 + 17 * x ** 3 - 15 * x) / 384,
    (79 * x ** 9 + 776 * x ** 7 + 1482 * x ** 5 - 1920 * x ** 3 - 945 * x) / 92_160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), x);
}
