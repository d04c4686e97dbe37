import { ApiProperty } from '@nestjs/swagger';

/** The second factor of the caller, as far as it may be shown. */
export class MfaStateView {
  /** Whether signing in asks for a code. */
  enrolled: boolean;
  /** How many recovery codes were not used yet. */
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 10 })
  recoveryCodesLeft: number;
}

/** What an authenticator app needs; shown once. */
export class TotpEnrolmentView {
  /**
   * The secret in base32, for typing.
   * @example "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
   */
  @ApiProperty({ maxLength: 64, pattern: '^[A-Z2-7]+$' })
  secret: string;
  /**
   * The same with all parameters, for a QR code.
   * @example "otpauth://totp/id.example.com:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=id.example.com&algorithm=SHA1&digits=6&period=30"
   */
  @ApiProperty({ maxLength: 1_024, pattern: '^otpauth://totp/[!-~]+$' })
  otpauthUrl: string;
}

/** Each signs in once in place of a code; shown once. */
export class RecoveryCodesView {
  /** @example ["JBSWY3DP-EHPK3PXP-JBSWY3DP-EHPK3PXP"] */
  @ApiProperty({
    maxItems: 10,
    items: { type: 'string', maxLength: 64, pattern: '^[A-Z2-7-]+$' },
  })
  recoveryCodes: string[];
}
