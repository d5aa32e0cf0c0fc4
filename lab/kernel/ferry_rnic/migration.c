// SPDX-License-Identifier: GPL-2.0-only
/*
 * The v2 migration states. The kernel's core takes a request apart into single
 * arcs; what an arc means for the device is that its thread may do less or
 * more, which it looks up under the lock, and that a data session begins or
 * ends. Only leaving RESUMING can fail, and then the device is in ERROR.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "rnic.h"

static bool saves(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P ||
	       state == VFIO_DEVICE_STATE_STOP_COPY;
}

static bool stands(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_STOP ||
	       state == VFIO_DEVICE_STATE_STOP_COPY ||
	       state == VFIO_DEVICE_STATE_RESUMING;
}

/* Takes one arc; gives the file of a data session that it opens, or NULL. */
static struct file *rnic_take_arc(struct rnic *dev, enum vfio_device_mig_state next)
{
	enum vfio_device_mig_state now = dev->state;
	int ret;

	if (dev->defect == RNIC_ARC_FAILS &&
	    now == VFIO_DEVICE_STATE_PRE_COPY_P2P &&
	    next == VFIO_DEVICE_STATE_RUNNING_P2P)
		return ERR_PTR(-EIO);
	if (now == VFIO_DEVICE_STATE_RESUMING) {
		ret = rnic_finish_load(dev);
		if (ret)
			return ERR_PTR(ret);
	}
	if (stands(next))
		rnic_flush_interrupt(dev);
	if (stands(now) && !stands(next))
		rnic_restart_pace(dev);
	if (next == VFIO_DEVICE_STATE_RESUMING)
		return rnic_open_file(dev, false);
	if (saves(next))
		return saves(now) ? NULL : rnic_open_file(dev, true);
	rnic_close_file(dev);
	return NULL;
}

static struct file *rnic_set_state(struct vfio_device *vdev,
				   enum vfio_device_mig_state wanted)
{
	struct rnic *dev = to_rnic(vdev);
	struct file *opened = NULL;

	mutex_lock(&dev->lock);
	while (dev->state != wanted) {
		enum vfio_device_mig_state next;
		int ret = vfio_mig_get_next_state(vdev, dev->state, wanted, &next);

		if (ret) {
			opened = ERR_PTR(ret);
			break;
		}
		opened = rnic_take_arc(dev, next);
		if (IS_ERR(opened)) {
			rnic_close_file(dev);
			dev->state = VFIO_DEVICE_STATE_ERROR;
			break;
		}
		dev->state = next;
		/* No session is opened on the way: the core would lose it. */
		if (WARN_ON_ONCE(opened && dev->state != wanted)) {
			fput(opened);
			opened = NULL;
		}
	}
	rnic_wake(dev);
	mutex_unlock(&dev->lock);
	return opened;
}

static int rnic_get_state(struct vfio_device *vdev,
			  enum vfio_device_mig_state *state)
{
	struct rnic *dev = to_rnic(vdev);

	mutex_lock(&dev->lock);
	*state = dev->state;
	mutex_unlock(&dev->lock);
	return 0;
}

static int rnic_get_data_size(struct vfio_device *vdev, unsigned long *bytes)
{
	struct rnic *dev = to_rnic(vdev);

	mutex_lock(&dev->lock);
	*bytes = rnic_bytes_left(dev);
	mutex_unlock(&dev->lock);
	return 0;
}

/* From any state to RUNNING, as new. The log and the interrupt stay. */
void rnic_reset(struct rnic *dev)
{
	if (dev->defect != RNIC_RESET_KEEPS_FILE)
		rnic_close_file(dev);
	if (dev->defect != RNIC_RESET_KEEPS_STATE ||
	    dev->state != VFIO_DEVICE_STATE_PRE_COPY)
		dev->state = VFIO_DEVICE_STATE_RUNNING;
	dev->seed = dev->own_seed;
	rnic_forget(dev);
	rnic_wake(dev);
}

const struct vfio_migration_ops rnic_migration_ops = {
	.migration_set_state = rnic_set_state,
	.migration_get_state = rnic_get_state,
	.migration_get_data_size = rnic_get_data_size,
};
