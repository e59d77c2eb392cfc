/**
 * The roles that a certificate can give, as extended key usages (RFC 5280 §4.2.1.12).
 *
 * No role is registered; these identifiers are under the arc 2.25.U, which belongs to whoever made the UUID U
 * (ITU-T X.667). U was made at random for this purpose: c3374e2e-4eb6-4cfb-ba53-581e7de5fe77.
 */

const ARC = "2.25.259486621202082790030910561507965533815";

export const roles = ["third-party", "responder"] as const;
export type Role = (typeof roles)[number];

/** Object identifier of the extended key usage that stands for a role. */
export const roleUsages: Readonly<Record<Role, string>> = {
  /** Receives shares from sensors and forwards them. */
  "third-party": `${ARC}.1`,
  /** Collects shares and rebuilds keys. */
  responder: `${ARC}.2`,
};
