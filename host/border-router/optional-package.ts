/** Packages that npm may have left out: they bring compiled code, which not every system has. */

/** The package is not there; the message says how it gets there. */
export class MissingPackageError extends Error {
  override readonly name = "MissingPackageError";

  constructor(option: string, packageName: string, cause: unknown) {
    super(`${option}: the package ${packageName} is not installed: npm install ${packageName}`, { cause });
  }
}

/** What a package exports. `option` is what asked for it. Rejects with a MissingPackageError, or why it does not load. */
export async function importOptional<Exports>(packageName: string, option: string): Promise<Exports> {
  try {
    return (await import(packageName)) as Exports;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND") throw new MissingPackageError(option, packageName, cause);
    throw new Error(`${option}: the package ${packageName} does not load: ${message}`, { cause });
  }
}
