#ifndef BIVOUAC_CLIBVIRT_H
#define BIVOUAC_CLIBVIRT_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#endif
