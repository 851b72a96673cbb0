#include "tools/replay/aave_v3_replay.hpp"
#include "tools/replay/balancer_weighted_replay.hpp"
#include "tools/replay/comet_replay.hpp"
#include "tools/replay/compound_v2_replay.hpp"
#include "tools/replay/curve_stableswap_replay.hpp"
#include "tools/replay/erc4626_replay.hpp"
#include "tools/replay/ethena_replay.hpp"
#include "tools/replay/lido_replay.hpp"
#include "tools/replay/makerdao_dss_replay.hpp"
#include "tools/replay/masterchef_replay.hpp"
#include "tools/replay/morpho_blue_replay.hpp"
#include "tools/replay/oz_erc20_replay.hpp"
#include "tools/replay/replay.hpp"
#include "tools/replay/staking_rewards_replay.hpp"
#include "tools/replay/uniswap_v2_replay.hpp"
#include "tools/replay/uniswap_v3_replay.hpp"
#include "tools/replay/uniswap_v4_replay.hpp"

#include <array>

namespace runnel::replay
{

std::span<const Protocol> protocols()
{
    static const std::array all{
        uniswap_v2_protocol(),
        uniswap_v3_protocol(),
        uniswap_v3_periphery_protocol(),
        uniswap_library_protocol(),
        uniswap_v4_protocol(),
        curve_stableswap_protocol(),
        balancer_weighted_protocol(),
        oz_erc20_protocol(),
        lido_protocol(),
        ethena_protocol(),
        aave_v3_pool_protocol(),
        aave_v3_math_protocol(),
        morpho_blue_protocol(),
        morpho_irm_math_protocol(),
        aave_v37_pool_protocol(),
        aave_v37_math_protocol(),
        compound_v2_protocol(),
        makerdao_dss_protocol(),
        comet_protocol(),
        staking_rewards_protocol(),
        masterchef_protocol(),
        erc4626_protocol(),
    };
    return all;
}

}  // namespace runnel::replay
