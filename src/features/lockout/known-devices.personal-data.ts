import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { KnownDevicesRepository } from './known-devices.repository.js';

/** Times only: of the device itself nothing but a keyed hash is held. */
@Injectable()
@HoldsPersonalData({ section: 'knownDevices', tables: ['known_devices'] })
export class KnownDevicesPersonalData implements PersonalDataHolder {
  constructor(private readonly devices: KnownDevicesRepository) {}

  personalDataOf(userId: string): Promise<unknown> {
    return this.devices.of(userId);
  }
}
