import { mayReach, networkOf } from './allowed-address.js';

describe('Addresses that outgoing requests may reach', () => {
  it.each(['8.8.8.8', '203.0.114.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '[PE-11] %s is public',
    (address) => {
      expect(mayReach(address, [])).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254', // metadata of cloud machines
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:7f00:1',
    '::7f00:1', // IPv4-compatible
    '64:ff9b::7f00:1', // NAT64
    '2002:7f00:1::', // 6to4
    '2001:0:7f00:1::', // Teredo
    'localhost',
    '',
    '0x7f.1',
    '2130706433',
  ])('[PE-11][V1.3.6] %j is not', (address) => {
    expect(mayReach(address, [])).toBe(false);
  });

  it('[PE-11] a network that the operator lists is allowed, and no other', () => {
    const allowed = ['10.1.0.0/16', 'fd00::/8', '127.0.0.1'].map(networkOf);
    for (const address of ['10.1.2.3', 'fd12::1', '127.0.0.1', '::ffff:10.1.2.3']) {
      expect(mayReach(address, allowed)).toBe(true);
    }
    for (const address of ['10.2.0.1', 'fc00::1', '127.0.0.2', '::1']) {
      expect(mayReach(address, allowed)).toBe(false);
    }
  });
});
