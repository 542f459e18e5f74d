// All of a machine that a clock is made on.
#pragma once

#include "skiclock/ports.h"

namespace skiclock {

struct Machine {
  PanelPort& panels;
  ButtonPort& button;
  ThermometerPort& thermometer;
  RtcPort& rtc;
  UdpPort& udp;
  NetworkPort& network;
  StreamPort& broker;    // the connection that stays
  StreamPort& download;  // the one that comes and goes
  StorePort& store;
  SlotPort& slot;
  Sha256Port& sha256;
  SignaturePort& signatures;
  SystemPort& system;
  SerialPort& serial;
};

}  // namespace skiclock
