-- Rows of every table of the first schema, as that version wrote them.
INSERT INTO devices (device_id, name, board, platform, version, uptime_s, rssi_dbm, free_heap_bytes,
                     ssid, ip_address, first_seen, last_seen) VALUES
    ('e8c5fbbdf5f0', 'Mål', 'ESP32', 'esp32', '2025.12.1.7', 3600, -61, 181234,
     'Skistadion "Nord"', '192.168.1.23', '2025-11-01 08:00Z', '2025-12-02 09:00Z'),
    ('a1b2c3', NULL, 'ESP-01', 'esp01', '2025.11.1.1', 60, -88, 21000,
     'Skistadion', '192.168.1.24', '2025-11-01 08:00Z', '2025-12-02 09:00Z'),
    ('c0ffee', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     '2025-11-03 08:00Z', '2025-11-03 08:00Z');

CREATE TABLE heartbeats_2025_12_02 PARTITION OF heartbeats
    FOR VALUES FROM ('2025-12-02 00:00Z') TO ('2025-12-03 00:00Z');
INSERT INTO heartbeats (device, received_at, uptime_s, rssi_dbm, free_heap_bytes, version)
SELECT id, said.received_at, said.uptime_s, said.rssi_dbm, 181234, '2025.12.1.7' FROM devices, (VALUES
    (timestamptz '2025-12-02 08:59Z', 3540, -60), (timestamptz '2025-12-02 09:00Z', 3600, -61)
) AS said (received_at, uptime_s, rssi_dbm) WHERE device_id = 'e8c5fbbdf5f0';

INSERT INTO firmware (platform, version, version_key, filename, size_bytes, sha256, uploaded_at,
                      uploaded_by, announced_at) VALUES
    ('esp32', '2025.11.1.1', '{1,2025,11,1,1}', 'esp32.bin', 900000, repeat('cd', 32),
     '2025-11-01 07:00Z', 'ci', '2025-11-01 07:00Z'),
    ('esp32', '2025.12.1.7', '{1,2025,12,1,7}', 'esp32.bin', 910000, repeat('ab', 32),
     '2025-12-01 07:00Z', 'ci', NULL);

INSERT INTO updates (session_id, device_id, platform, old_version, new_version, state,
                     progress_percent, offered_at, started_at, heard_at, completed_at,
                     error_message) VALUES
    ('3f0c9a52-8f5e-4f0e-9a39-1d8e4a8f8f10', 'e8c5fbbdf5f0', 'esp32', '2025.11.1.1', '2025.12.1.7',
     'success', 100, '2025-12-01 08:00Z', '2025-12-01 08:00Z', '2025-12-01 08:00:42.5Z',
     '2025-12-01 08:00:42.5Z', NULL),
    ('3f0c9a52-8f5e-4f0e-9a39-1d8e4a8f8f11', 'a1b2c3', 'esp01', '2025.11.1.1', '2025.12.1.7',
     'failed', 40, NULL, '2025-12-01 10:30Z', '2025-12-01 10:30:30Z', '2025-12-01 10:30:30Z',
     'not enough space'),
    ('3f0c9a52-8f5e-4f0e-9a39-1d8e4a8f8f12', 'a1b2c3', 'esp01', '2025.11.1.1', '2025.12.1.7',
     'downloading', 40, '2025-12-02 08:59Z', '2025-12-02 08:59Z', '2025-12-02 09:00Z', NULL, NULL),
    ('3f0c9a52-8f5e-4f0e-9a39-1d8e4a8f8f13', 'c0ffee', NULL, NULL, '2025.12.1.7',
     'lapsed', 0, '2025-11-03 08:00Z', NULL, '2025-11-03 08:00Z', '2025-11-03 10:05Z', NULL);

INSERT INTO users (email, password_hash, role_id, created_at, last_sign_in_at)
SELECT email, '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g', roles.id,
       timestamptz '2025-11-01 07:00Z', last_sign_in_at FROM roles JOIN (VALUES
    ('admin@club.example', 'admin', timestamptz '2025-12-02 07:00Z'),
    ('kari@club.example', 'technician', NULL)
) AS people (email, role, last_sign_in_at) ON role = roles.name;
INSERT INTO sessions (token_hash, user_id, created_at, last_seen_at, expires_at, address, user_agent)
SELECT '\x00ff', id, '2025-12-02 07:00Z', '2025-12-02 08:00Z', '2026-01-02 07:00Z', '192.0.2.7',
       'Mozilla/5.0' FROM users WHERE email = 'admin@club.example';
INSERT INTO api_keys (name, prefix, key_hash, scopes, created_at, created_by) VALUES
    ('ci', 'abcd1234', '\x0102', '{upload}', '2025-11-01 07:00Z', 'admin@club.example');
INSERT INTO downloads (at, platform, version, taker, address, user_agent, size_bytes) VALUES
    ('2025-12-01 08:00Z', 'esp32', '2025.12.1.7', 'download key of v1', '192.168.1.23',
     'SkiClockNeo-OTA', 910000);
INSERT INTO audit_log (at, actor, action, object, address, before, after) VALUES
    ('2025-12-01 07:00Z', 'ci', 'firmware.publish', 'esp32 2025.12.1.7', '192.0.2.8', NULL,
     '{"size_bytes": 910000}');
